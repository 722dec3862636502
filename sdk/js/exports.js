/**
 * How the exports of the contract become calls of a plugin's classes. Used by the entry that `forebay plugin build`
 * writes; authors need not look here.
 */

import { Batch, ENDED, IDLE, NotConnected, Problem, Result, Written, textOf } from "./forebay.js";

/** The component that this instance serves. */
let component;

export function description(plugin) {
  const kinds = [["input", plugin.inputs], ["processor", plugin.processors], ["output", plugin.outputs]];
  const field = ({ type = "string", ...others }) => ({ type, ...others });
  const components = kinds.flatMap(([kind, list = []]) =>
    list.map(({ name, summary = "", description, fields = [] }) => ({
      kind,
      name,
      summary,
      description,
      config: { type: "object", fields: fields.map(field) },
    })));
  const { name, summary = "", version = "0.1.0" } = plugin;
  const text = JSON.stringify({ contract: 1, plugin: { name, summary, version }, components });
  return { describe: () => text };
}

function open(kind, list = []) {
  return (name, config) => {
    const found = list.find((each) => each.name === name);
    if (found === undefined) throw problem(`there is no ${kind} ${name}`);
    component = new found.component();
    try {
      component.open?.(JSON.parse(config));
    } catch (thrown) {
      if (thrown instanceof Problem) throw problem(thrown.message, thrown.field);
      throw thrown;
    }
  };
}

/** What is thrown is the error of a result. */
function problem(message, field = "") {
  return Object.assign(new Error(message), { payload: { message, field, line: 0, column: 0 } });
}

function failure(payload) {
  return Object.assign(new Error("failed"), { payload });
}

function attempt(call) {
  try {
    return call();
  } catch (thrown) {
    throw failure(textOf(thrown));
  }
}

export function processors(plugin) {
  return {
    open: open("processor", plugin.processors),
    process(handle) {
      const source = new Batch(handle);
      let results = attempt(() => component.process(source));
      if (results === undefined) {
        throw failure("process returned nothing: return the batch, batch.map(...) or a list of results");
      }
      if (!Array.isArray(results)) results = [results];
      results = results.map((result) => (result instanceof Batch ? new Result(result) : result));
      if (results.every((result) => result.batch !== source)) source.release();
      return { tag: "done", val: results.map((result) => result.lower()) };
    },
    resume(operation) {
      throw failure(`operation ${operation.id()} was not started here`);
    },
    close() {
      component.close?.();
    },
  };
}

export function inputs(plugin) {
  let token = 0n;
  const settle = (settled) => {
    for (const { token, outcome } of settled) {
      component.settled?.(Number(token), outcome.tag === "rejected" ? outcome.val.reason : undefined);
    }
  };
  return {
    open: open("input", plugin.inputs),
    connect() {
      attempt(() => component.connect?.());
    },
    read(settled) {
      settle(settled);
      let given;
      try {
        given = component.read();
      } catch (thrown) {
        if (thrown instanceof NotConnected) return { tag: "not-connected", val: textOf(thrown) };
        throw failure(textOf(thrown));
      }
      if (given === ENDED) return { tag: "ended" };
      if (given === IDLE) return { tag: "idle" };
      const batch = given instanceof Batch ? given : attempt(() => Batch.of(given));
      token += 1n;
      return { tag: "batch", val: { token, batch: batch.handle } };
    },
    close(settled) {
      settle(settled);
      component.close?.();
    },
  };
}

export function outputs(plugin) {
  return {
    open: open("output", plugin.outputs),
    connect() {
      attempt(() => component.connect?.());
    },
    write(handle) {
      const source = new Batch(handle);
      let written;
      try {
        written = component.write(source);
      } catch (thrown) {
        throw failure({ tag: thrown instanceof NotConnected ? "not-connected" : "failed", val: textOf(thrown) });
      } finally {
        source.release();
      }
      if (!(written instanceof Written)) {
        const operations = written === undefined ? [] : [written].flat();
        written = new Written({ operations });
      }
      return {
        failed: [...written.failed].map(([index, reason]) => ({ reason, messages: Uint32Array.of(index) })),
        pending: written.operations.map((operation) => ({ operation, messages: undefined, resolve: false })),
      };
    },
    resolve(operation) {
      throw failure({ tag: "failed", val: `operation ${operation.id()} was not started here` });
    },
    close() {
      component.close?.();
    },
  };
}
