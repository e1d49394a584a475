import type { IncomingMessage } from 'node:http'

/** What a request shows as `Authorization: Bearer …`; undefined where it shows nothing of the kind. */
export const bearerOf = ({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined =>
  /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]
