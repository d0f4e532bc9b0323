/** An error that the caller of the component gets, with a code that tells whose move it is: wit/types.wit has them. */
export class AlgorithmError extends Error {
  constructor(code, message) {
    super(message);
    this.name = "AlgorithmError";
    // What crosses to the host. Errors of host calls have it too, so they can be thrown on; any other error is a crash.
    this.payload = { code, message };
  }
}
