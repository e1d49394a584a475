/** The answer to a request with calls, read line by line as it comes. */
import type { IncomingHttpHeaders } from 'node:http'
import { StringDecoder } from 'node:string_decoder'
import type { Dispatcher } from 'undici'

type Heard = {
  /** The head has come; `isLast`: the callee takes no more requests on this connection. */
  began(isLast: boolean): void
  heard(): void
  line(line: string): void
  ended(status: number, text: string): void
  failed(error: unknown): void
}

export class Answer implements Dispatcher.DispatchHandler {
  readonly #heard: Heard
  readonly #decoder = new StringDecoder('utf8')
  #status = 0
  #text = ''

  constructor(heard: Heard) {
    this.#heard = heard
  }

  // undici takes what has this for a handler of its newer kind.
  onRequestStart(): void {}

  // oxlint-disable-next-line eslint/max-params -- undici's
  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status
    this.#heard.began(headers.connection === 'close')
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#heard.heard()
    this.#text += this.#decoder.write(chunk)
    if (this.#status !== 200) return
    let begin = 0
    for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n', begin)) {
      this.#heard.line(this.#text.slice(begin, end))
      begin = end + 1
    }
    if (begin > 0) this.#text = this.#text.slice(begin)
  }

  onResponseEnd(): void {
    this.#heard.ended(this.#status, this.#text)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#heard.failed(error)
  }
}
