/** What the component exports: an object for each interface of the world `streaming-handler`, of the type that its WIT gives it. */

import { handleStream, load } from "./answer.ts";
import { describe } from "./metadata.ts";

export const metadata: typeof import("algohost:ml/metadata@0.1.0") = { describe };
export const streamHandler: typeof import("algohost:ml/stream-handler@0.1.0") = { handleStream, load };
