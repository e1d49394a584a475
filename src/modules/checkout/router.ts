import { implement } from '#platform/calls/implement'
import { addLines } from './add-lines.ts'
import { complete } from './complete.ts'
import { contract } from './contract.ts'
import { createCart } from './create-cart.ts'
import { getCart } from './get-cart.ts'
import { removeLines } from './remove-lines.ts'
import { setAddress } from './set-address.ts'

export const router = implement(contract, { createCart, setAddress, addLines, removeLines, getCart, complete })
