// `local`: CPU per call inside one broker. `caller` and `callee`: two processes over Moleculer's TCP transporter.
import { ServiceBroker } from 'moleculer'
import { order, priced } from '../../calls/order.ts'
import { perSecond } from './load.mjs'

const [role, seconds, ports] = process.argv.slice(2)
const [own, other] = (ports ?? '').split(',').map(Number)
const params = {
  cartId: 'string|min:1',
  customer: 'string|min:1',
  email: 'string|max:200',
  currency: { type: 'enum', values: ['GBP', 'EUR'] },
  lines: {
    type: 'array',
    min: 1,
    max: 100,
    items: {
      type: 'object',
      props: { sku: 'string|min:1|max:40', quantity: 'number|integer|min:1', unitMinor: 'number|integer|min:0' },
    },
  },
  note: 'string|max:500',
}
const stall = { name: 'stall', actions: { price: { params, handler: ({ params: asked }) => priced(asked) } } }
const broker = new ServiceBroker({
  nodeID: role,
  logger: false,
  metrics: false,
  validator: true,
  ...(role !== 'local' && {
    transporter: {
      type: 'TCP',
      options: {
        udpDiscovery: false,
        port: own,
        urls: [`127.0.0.1:${own}/${role}`, `127.0.0.1:${other}/${role === 'caller' ? 'callee' : 'caller'}`],
      },
    },
  }),
})
if (role !== 'caller') broker.createService(stall)
await broker.start()

if (role === 'local') {
  const calls = 400_000
  const many = async () => {
    let left = calls
    const caller = async () => {
      while (left-- > 0) await broker.call('stall.price', order)
    }
    await Promise.all(Array.from({ length: 64 }, caller))
  }
  await many()
  const begun = process.cpuUsage()
  await many()
  const { user, system } = process.cpuUsage(begun)
  process.send((user + system) / calls)
} else if (role === 'caller') {
  await broker.waitForServices('stall')
  process.send(await perSecond(() => broker.call('stall.price', order), Number(seconds)))
} else process.send('ready')
process.once('disconnect', () => process.exit(0))
