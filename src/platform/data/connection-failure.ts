/** Why a database that was given cannot be used, and what to do: for whoever starts a process. */
import { sqlStateOf } from './database.ts'

type Given = { url: string; variable: string }

/** The error of a first connection as a sentence without the url's secrets; any other error as it is. */
export function connectionFailure(error: unknown, { url, variable }: Given): unknown {
  const { hostname, port, pathname, username } = new URL(url)
  const place = `${hostname}:${port === '' ? '5432' : port}`
  const database = decodeURIComponent(pathname.slice(1))
  const user = decodeURIComponent(username)
  const correct = `Correct ${variable}.`
  const sentences: Record<string, string> = {
    ECONNREFUSED: `No database answers at ${place}. Start it, or correct ${variable}.`,
    ECONNRESET: `What answers at ${place} ended the connection. Is it PostgreSQL? ${correct}`,
    ETIMEDOUT: `No database answers at ${place} in time. Is it up, and may this machine reach it? Or correct ${variable}.`,
    ENOTFOUND: `There is no host ${hostname}. ${correct}`,
    EAI_AGAIN: `The name ${hostname} cannot be resolved now. Does this machine have a name server? Or correct ${variable}.`,
    '28P01': `The database at ${place} refuses the password of ${user}. ${correct}`,
    '28000': `The database at ${place} does not let ${user} in from here. Correct ${variable}, or its pg_hba.conf.`,
    '3D000': `The database server at ${place} has no database "${database}". Create it, or correct ${variable}.`,
    '42501': `At ${place}, ${user} may not make schemas in the database "${database}". GRANT CREATE ON DATABASE, or use its owner.`,
    '53300': `The database at ${place} has no connection left. Give it a higher max_connections, or lower DATABASE_CONNECTIONS.`,
    '53100': `The disk of the database at ${place} is full. Make room there.`,
    '57P03': `The database at ${place} is starting up or shutting down. Try again in a moment.`,
  }
  const sentence = sentences[codeOf(error)]
  return sentence === undefined ? error : new Error(sentence, { cause: error })
}

function codeOf(error: unknown): string {
  const { code, message = '' } = error as { code?: string; message?: string }
  // pg gives its own errors no code.
  const ofPg = /timeout/i.test(message) ? 'ETIMEDOUT' : /terminated unexpectedly/.test(message) ? 'ECONNRESET' : ''
  return sqlStateOf(error) ?? code ?? ofPg
}
