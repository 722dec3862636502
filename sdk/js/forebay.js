/**
 * The SDK for Forebay plugins in JavaScript.
 *
 * A plugin is a module that exports `PLUGIN`. This is a whole one:
 *
 *     import { DROP } from "./.forebay/sdk/forebay.js";
 *
 *     class Shout {
 *       open(config) {
 *         this.ending = config.ending;
 *       }
 *
 *       process(batch) {
 *         return batch.map((message) => message.text().toUpperCase() + this.ending);
 *       }
 *     }
 *
 *     export const PLUGIN = {
 *       name: "shout",
 *       summary: "Shouts.",
 *       processors: [{
 *         name: "shout",
 *         summary: "Writes every message in capital letters.",
 *         fields: [{ name: "ending", default: "!", docs: "What every message ends with." }],
 *         component: Shout,
 *       }],
 *     };
 *
 * Payloads come and go in one piece for the whole batch, so that a message costs no call of the host; metadata is
 * asked for message by message. What a function throws flags its message, or fails the call.
 */

import { Batch as Handle } from "forebay:plugin/batches@0.1.0";

/** What `Batch.map` is given for a message that is dropped on purpose. */
export const DROP = Symbol("drop");
/** The payload of a message without one (a Kafka record without a value). */
export const TOMBSTONE = Symbol("tombstone");
/** What an input returns when it has nothing now, and must when a wait was woken. */
export const IDLE = Symbol("idle");
/** What an input returns when it has nothing more. */
export const ENDED = Symbol("ended");

/** Why a configuration can't be used. `field` is a JSON pointer to the setting at fault: `/ending`. */
export class Problem extends Error {
  constructor(message, field = "") {
    super(message);
    this.field = field;
  }
}

/** The connection is lost: the host calls `connect` again, with growing pauses. */
export class NotConnected extends Error {}

/** How far a batch was delivered. `failed` maps the index of a message to the reason. */
export class Written {
  constructor({ failed = new Map(), operations = [] } = {}) {
    this.failed = failed;
    this.operations = operations;
  }
}

/**
 * A batch that a processor gives, and the indexes of the messages that its own come from: a list with one for each
 * message, or "same", or "whole": each depends on all.
 */
export class Result {
  constructor(batch, origins = "same") {
    this.batch = batch;
    this.origins = origins;
  }

  lower() {
    return { batch: this.batch.handle, origins: lineage(this.origins) };
  }
}

/** One message of a batch, or a new one: `new Message(payload, { metadata, error })`. */
export class Message {
  #handle;

  constructor(payload, { metadata, error, handle, index = 0 } = {}) {
    this.payload = payload;
    this.metadata = metadata;
    this.error = error;
    this.index = index;
    this.#handle = handle;
  }

  /** The payload as text; one that is none flags the message. */
  text() {
    return decodeStrictly(this.payload);
  }

  /** The payload, parsed. */
  json() {
    return JSON.parse(this.text());
  }

  /** A metadata value, or undefined. */
  get(key) {
    if (this.metadata !== undefined) return this.metadata[key];
    const value = this.#handle?.metadata(this.index, key);
    return value === undefined ? undefined : plain(value);
  }
}

const MAGIC = 0x31434246;
const [PAYLOAD, NULLS, ERRORS] = [1, 2, 4];
const MASK = (1 << PAYLOAD) | (1 << NULLS) | (1 << ERRORS);

/** Messages that the host holds. */
export class Batch {
  #parsed;

  constructor(handle) {
    this.handle = handle;
  }

  /** A new batch of payloads (bytes, text or `TOMBSTONE`) or `Message`s. */
  static of(messages, independent = false) {
    if (messages.some((message) => message instanceof Message)) {
      return new Batch(Handle.fromMessages(messages.map(record), independent));
    }
    const payloads = messages.map(bytes);
    return new Batch(Handle.fromColumns(block(payloads.length, independent, payloadColumns(payloads))));
  }

  get length() {
    return this.handle.length();
  }

  /** Whether each message stands for itself: what looks at a whole batch must take them one at a time. */
  get independent() {
    return this.#parse().independent;
  }

  /** All messages, to look at. */
  messages() {
    const { payloads, errors } = this.#parse();
    return payloads.map((payload, index) =>
      new Message(payload ?? new Uint8Array(), { error: errors.get(index), handle: this.handle, index }));
  }

  /**
   * A result for every message in turn. `change` gets a `Message` and returns a new payload (bytes, text or
   * `TOMBSTONE`), a `Message` with new metadata too, or `DROP`. What it throws flags the message, which is passed on
   * as it is.
   */
  map(change) {
    const { payloads, errors, independent } = this.#parse();
    const [results, origins, flagged] = [[], [], new Map()];
    for (const message of this.messages()) {
      const { index } = message;
      let error = errors.get(index);
      let result;
      try {
        result = change(message);
        if (result === DROP) continue;
        if (result instanceof Message) {
          if (result.metadata !== undefined) return this.#mapRecords(change);
          error = result.error;
          result = result.payload;
        }
        result = bytes(result);
      } catch (thrown) {
        result = payloads[index];
        error = textOf(thrown);
      }
      if (error !== undefined) flagged.set(results.length, error);
      results.push(result);
      origins.push(index);
    }
    const columns = payloadColumns(results);
    if (flagged.size > 0 || errors.size > 0) columns.push([ERRORS, sparse(flagged)]);
    const from = origins.length === payloads.length ? "same" : origins;
    const handle = this.handle.derive(block(results.length, independent, columns), lineage(from));
    return new Result(new Batch(handle), from);
  }

  /** The same with metadata that changes: all of it goes through the guest. */
  #mapRecords(change) {
    const records = this.handle.messages();
    const [results, origins] = [[], []];
    for (const message of this.messages()) {
      const original = records[message.index];
      message.metadata = Object.fromEntries(original.metadata.map(([key, value]) => [key, plain(value)]));
      try {
        let result = change(message);
        if (result === DROP) continue;
        if (!(result instanceof Message)) result = new Message(result, message);
        results.push(record(new Message(result.payload, { metadata: message.metadata, ...result })));
      } catch (thrown) {
        results.push({ ...original, error: textOf(thrown) });
      }
      origins.push(message.index);
    }
    return new Result(new Batch(Handle.fromMessages(results, this.independent)), origins);
  }

  /** The messages with these indexes; the others are dropped on purpose. Copies no payload. */
  select(indexes) {
    return new Result(new Batch(this.handle.select(indexes)), indexes);
  }

  /** Gives the host its handle back. */
  release() {
    this.handle[Symbol.dispose]();
  }

  #parse() {
    this.#parsed ??= parse(this.handle.columns(MASK));
    return this.#parsed;
  }
}

/** What was thrown, as text for whoever reads the log. */
export function textOf(thrown) {
  // What the host said, in however many cases of variants.
  let said = thrown?.payload;
  while (typeof said === "object" && said !== null && "val" in said) said = said.val;
  if (said !== undefined) return typeof said === "string" ? said : JSON.stringify(said);
  return thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function decodeStrictly(payload) {
  // Not every engine has a decoder that fails by itself.
  const text = decoder.decode(payload);
  if (text.includes("\ufffd") && !sameBytes(encoder.encode(text), payload)) throw new Error("the payload is no text");
  return text;
}

function sameBytes(left, right) {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function lineage(origins) {
  return typeof origins === "string" ? { tag: origins } : { tag: "each", val: Uint32Array.from(origins) };
}

function bytes(payload) {
  if (payload instanceof Uint8Array) return payload;
  if (typeof payload === "string") return encoder.encode(payload);
  if (payload === TOMBSTONE) return undefined;
  throw new TypeError(`expected bytes, text, TOMBSTONE or a Message, got ${typeof payload}`);
}

function record(message) {
  const { payload, metadata = {}, error } = message instanceof Message ? message : new Message(message);
  return { payload: bytes(payload), metadata: Object.entries(metadata).map(([key, of]) => [key, value(of)]), error };
}

/** A value of JavaScript as a metadata value. */
function value(of) {
  switch (typeof of) {
    case "boolean":
      return { tag: "boolean", val: of };
    case "bigint":
      return of < 2n ** 63n ? { tag: "signed", val: of } : { tag: "unsigned", val: of };
    case "number":
      return Number.isSafeInteger(of) ? { tag: "signed", val: BigInt(of) } : { tag: "float", val: of };
    case "string":
      return { tag: "text", val: of };
    default:
      if (of === null || of === undefined) return { tag: "null" };
      if (of instanceof Uint8Array) return { tag: "bytes", val: of };
      return { tag: "json", val: JSON.stringify(of) };
  }
}

/** A metadata value as a value of JavaScript. Integers that a number can't hold exactly are bigints. */
function plain({ tag, val }) {
  switch (tag) {
    case "null":
      return null;
    case "json":
      return JSON.parse(val);
    case "signed":
    case "unsigned":
      return Number.isSafeInteger(Number(val)) ? Number(val) : val;
    default:
      return val;
  }
}

/** Payloads, errors by index, and whether messages are independent. See wit/plugin/columns.md. */
function parse(block) {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const at = (offset) => view.getUint32(offset, true);
  const [count, columns, flags] = [at(4), at(8), at(12)];
  const payloads = new Array(count);
  const errors = new Map();
  let nulls;
  for (let column = 0; column < columns; column++) {
    const entry = 16 + 16 * column;
    const [id, offset, length] = [at(entry), at(entry + 4), at(entry + 8)];
    if (id === PAYLOAD) {
      const start = offset + 4 * count;
      for (let index = 0, from = 0; index < count; index++) {
        const end = at(offset + 4 * index);
        payloads[index] = block.subarray(start + from, start + end);
        from = end;
      }
    } else if (id === NULLS) {
      nulls = block.subarray(offset, offset + length);
    } else if (id === ERRORS) {
      const entries = at(offset);
      const start = offset + 4 + 8 * entries;
      for (let index = 0, from = 0; index < entries; index++) {
        const end = at(offset + 8 + 8 * index);
        errors.set(at(offset + 4 + 8 * index), decoder.decode(block.subarray(start + from, start + end)));
        from = end;
      }
    }
  }
  if (nulls !== undefined) {
    for (let index = 0; index < count; index++) {
      if ((nulls[index >> 3] >> (index & 7)) & 1) payloads[index] = undefined;
    }
  }
  return { payloads, errors, independent: (flags & 1) === 1 };
}

function payloadColumns(payloads) {
  const size = payloads.reduce((sum, payload) => sum + (payload?.length ?? 0), 0);
  const column = new Uint8Array(4 * payloads.length + size);
  const view = new DataView(column.buffer);
  // Without it the host would take the tombstones of the source.
  const nulls = new Uint8Array(Math.ceil(payloads.length / 8));
  let end = 0;
  payloads.forEach((payload, index) => {
    if (payload === undefined) {
      nulls[index >> 3] |= 1 << (index & 7);
    } else {
      column.set(payload, 4 * payloads.length + end);
      end += payload.length;
    }
    view.setUint32(4 * index, end, true);
  });
  return [[PAYLOAD, column], [NULLS, nulls]];
}

/** Texts by index, which rise. */
function sparse(texts) {
  const encoded = [...texts].map(([index, text]) => [index, encoder.encode(text)]);
  const start = 4 + 8 * encoded.length;
  const column = new Uint8Array(encoded.reduce((sum, [, text]) => sum + text.length, start));
  const view = new DataView(column.buffer);
  view.setUint32(0, encoded.length, true);
  let end = 0;
  encoded.forEach(([index, text], entry) => {
    column.set(text, start + end);
    end += text.length;
    view.setUint32(4 + 8 * entry, index, true);
    view.setUint32(8 + 8 * entry, end, true);
  });
  return column;
}

/** A block of columns, in the order of their ids. */
function block(messages, independent, columns) {
  const aligned = (offset) => Math.ceil(offset / 8) * 8;
  const size = columns.reduce((sum, [, body]) => aligned(sum) + body.length, 16 + 16 * columns.length);
  const whole = new Uint8Array(size);
  const view = new DataView(whole.buffer);
  [MAGIC, messages, columns.length, independent ? 1 : 0].forEach((word, at) => view.setUint32(4 * at, word, true));
  let offset = 16 + 16 * columns.length;
  columns.forEach(([id, body], entry) => {
    offset = aligned(offset);
    [id, offset, body.length, 0].forEach((word, at) => view.setUint32(16 + 16 * entry + 4 * at, word, true));
    whole.set(body, offset);
    offset += body.length;
  });
  return whole;
}
