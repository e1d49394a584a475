/** The face for those who watch a process: its figures, its health, and nothing else. */
import { createServer, type Server } from 'node:http'
import { answerOperator, metricsPath, type OperatorDoors, pathOf } from './operator-doors.ts'

/** Makes the server of the face. It does not listen yet. */
export function createMetricsServer(doors: OperatorDoors): Server {
  return createServer((request, response) => {
    if (answerOperator(doors, { request, response }, { isOpen: true })) return
    const isFigures = pathOf(request) === metricsPath && doors.metricsToken !== undefined
    response.writeHead(isFigures ? 401 : 404, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
    response.end(
      isFigures
        ? 'Show METRICS_TOKEN as "Authorization: Bearer …".\n'
        : `There is nothing here but GET ${metricsPath}, /healthz and /readyz.\n`,
    )
  })
}
