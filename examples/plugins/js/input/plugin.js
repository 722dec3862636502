/** The plugin `js-input`. */

import { ENDED, Problem } from "./.forebay/sdk/forebay.js";

class JsInput {
  open(config) {
    if (config.batch_size < 1) throw new Problem("a batch has one message at least", "/batch_size");
    this.config = config;
    this.next = 1;
  }

  /** What is rejected is tried again by the host: this input need not look at what was settled. */
  read() {
    const { text, count, batch_size } = this.config;
    const end = Math.min(this.next + batch_size, count === 0 ? Infinity : count + 1);
    if (this.next >= end) return ENDED;
    const messages = [];
    while (this.next < end) messages.push(`${text}${this.next++}`);
    return messages;
  }
}

export const PLUGIN = {
  name: "js-input",
  summary: "Counts.",
  inputs: [{
    name: "js_input",
    summary: "Counts.",
    fields: [
      { name: "text", default: "message ", docs: "What stands in front of every number." },
      { name: "count", type: "int", default: 10, docs: "How far it counts; 0: without an end." },
      { name: "batch_size", type: "int", default: 1, docs: "How many messages make a batch." },
    ],
    component: JsInput,
  }],
};
