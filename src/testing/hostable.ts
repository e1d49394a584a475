/**
 * The modules that a test hall can host. Here these are all; in a project of one module, which has a file of its own in this place,
 * that module and those that it depends on.
 */
import { startSandbox } from '../modules/payments/sandbox/server.ts'

export { loaders, moduleNames as hostable } from '../modules.ts'

/** The payment provider's sandbox, for a hall with payments. */
export const startProvider = () => startSandbox({ port: 0, file: ':memory:', synchronous: 'off' })
