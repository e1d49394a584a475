/** A process of the hall: `npm start`, or `npm start -- --topology topologies/orders-out.json --process orders`. */
import { offerDemo } from './demo/offer-demo.ts'
import { startProcess } from './start-process.ts'

startProcess({ offerDemo })
