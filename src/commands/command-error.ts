/**
 * Something that a person can put right: its message says what is wrong and what to do. The tool prints the message
 * without a stack trace and ends with exit code 1.
 */
export class CommandError extends Error {
  override name = 'CommandError'
}
