/** The plugin `js-processor`. */

import { DROP, Problem } from "./.forebay/sdk/forebay.js";

class JsProcessor {
  open(config) {
    if (config.ending.includes("\n")) throw new Problem("a message stays on its line", "/ending");
    this.ending = config.ending;
  }

  /** What the function throws flags the message, which is passed on as it is; an empty message is dropped. */
  process(batch) {
    return batch.map((message) => {
      if (message.payload.length === 0) return DROP;
      return message.text().toUpperCase() + this.ending;
    });
  }
}

export const PLUGIN = {
  name: "js-processor",
  summary: "Writes messages in capital letters.",
  processors: [{
    name: "js_processor",
    summary: "Writes every message in capital letters.",
    fields: [{ name: "ending", default: "!", docs: "What every message ends with." }],
    component: JsProcessor,
  }],
};
