/** What the component exports: one module for each interface of the world `streaming-handler`. */

export * as metadata from "./metadata.js";
export * as streamHandler from "./answer.js";
