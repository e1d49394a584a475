import { implement } from '#platform/calls/implement'
import { contract } from './contract.ts'
import { listMethods } from './list-methods.ts'
import { listShipments } from './list-shipments.ts'
import { removeMethod } from './remove-method.ts'
import { saveMethod } from './save-method.ts'
import { ship } from './ship.ts'

export const router = implement(contract, {
  saveMethod,
  removeMethod,
  methods: listMethods,
  listShipments,
  ship,
})
