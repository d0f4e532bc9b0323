import type { Error as WitError, ErrorCode } from "algohost:ml/types@0.1.0";

/** An error that the caller of the component gets, with a code that tells whose move it is: wit/types.wit has them. */
export class AlgorithmError extends Error {
  /** What crosses to the host. Errors of host calls have it too, so they can be thrown on; any other error is a crash. */
  readonly payload: WitError;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = "AlgorithmError";
    this.payload = { code, message };
  }
}
