// What a person has to mend: its message is printed alone, without a stack trace, and the exit code is 1.

export class LocalStackError extends Error {
  override readonly name = 'LocalStackError'
}
