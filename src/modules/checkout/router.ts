import { implement } from '#platform/calls/implement'
import { addLines } from './add-lines.ts'
import { complete } from './complete.ts'
import { contract } from './contract.ts'
import { createCart } from './create-cart.ts'
import { findMine } from './find-mine.ts'
import { getCart } from './get-cart.ts'
import { hold } from './hold.ts'
import { listShippingMethods } from './list-shipping-methods.ts'
import { mergeCart } from './merge-cart.ts'
import { removeLines } from './remove-lines.ts'
import { setAddress } from './set-address.ts'
import { setShipping } from './set-shipping.ts'

export const router = implement(contract, {
  createCart,
  mine: findMine,
  merge: mergeCart,
  setAddress,
  addLines,
  removeLines,
  shippingMethods: listShippingMethods,
  setShipping,
  hold,
  getCart,
  complete,
})
