/** The plugin `js-output`. */

import { appendTo } from "forebay:files/files@0.1.0";

const LINE_FEED = new TextEncoder().encode("\n");

class JsOutput {
  open(config) {
    this.path = config.path;
  }

  /** The host calls this again, with growing pauses, until it succeeds. */
  connect() {
    this.file = appendTo(this.path);
  }

  /** Starts to write and does not wait: the messages are delivered when the operation has ended well. */
  write(batch) {
    return this.file.appendBatch(batch.handle, LINE_FEED);
  }
}

export const PLUGIN = {
  name: "js-output",
  summary: "Writes messages to a file.",
  outputs: [{
    name: "js_output",
    summary: "Writes messages to a file, a line each.",
    fields: [{ name: "path", docs: "The file. It is created where it is missing." }],
    component: JsOutput,
  }],
};
