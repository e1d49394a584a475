// `callee` and `caller`: two processes over NestJS's TCP transport. Nothing is validated, as in its own examples.
import 'reflect-metadata'
import { Controller, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices'
import { firstValueFrom } from 'rxjs'
import { order, priced } from '../../calls/order.ts'
import { perSecond } from './load.mjs'

const [role, seconds, ports] = process.argv.slice(2)
const port = Number(ports)

if (role === 'callee') {
  class Stall {
    price(asked) {
      return priced(asked)
    }
  }
  Controller()(Stall)
  MessagePattern('price')(Stall.prototype, 'price', Object.getOwnPropertyDescriptor(Stall.prototype, 'price'))
  function App() {}
  Module({ controllers: [Stall] })(App)
  const options = { transport: Transport.TCP, options: { host: '127.0.0.1', port }, logger: false }
  const app = await NestFactory.createMicroservice(App, options)
  await app.listen()
  process.send('ready')
} else {
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } })
  await client.connect()
  process.send(await perSecond(() => firstValueFrom(client.send('price', order)), Number(seconds)))
}
process.once('disconnect', () => process.exit(0))
