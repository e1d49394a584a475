/** The requests of a public face, by what they asked for and what came of it. */
import type { ServerResponse } from 'node:http'
import { type Figures, histogram } from './family.ts'
import { Histogram, secondsBounds } from './histogram.ts'

/** Of those who went away before their answer was through. */
const hungUp = 0
const statusNames = ['hung up', '1xx', '2xx', '3xx', '4xx', '5xx']

export class RequestCounts {
  readonly #byRoute = new Map<string, Histogram[]>()

  /** Counts a request once its answer is through. `route` is one of few: never a path as it came. */
  watch(route: string, response: ServerResponse): void {
    const beganAt = performance.now()
    response.once('close', () => {
      const status = response.writableFinished ? Math.floor(response.statusCode / 100) : hungUp
      this.#add(route, status, (performance.now() - beganAt) / 1000)
    })
  }

  #add(route: string, status: number, seconds: number): void {
    const ofRoute = this.#byRoute.get(route) ?? []
    this.#byRoute.set(route, ofRoute)
    const counted = (ofRoute[status] ??= new Histogram(secondsBounds))
    counted.observe(seconds)
  }

  get figures(): Figures {
    return {
      families: [
        histogram('markethall_http_request_duration_seconds', 'Requests of clients by route and class of status.', () =>
          [...this.#byRoute].flatMap(([route, ofRoute]) =>
            ofRoute.flatMap((counted, status) => [[{ route, status: statusNames[status]! }, counted] as const]),
          ),
        ),
      ],
    }
  }
}
