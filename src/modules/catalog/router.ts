import { implement } from '#platform/calls/implement'
import { contract } from './contract.ts'
import { getProduct } from './get-product.ts'
import { importProducts } from './import-products.ts'
import { listProducts } from './list-products.ts'
import { listVariants } from './list-variants.ts'
import { setPrice } from './set-price.ts'

export const router = implement(contract, {
  importProducts,
  setPrice,
  get: getProduct,
  list: listProducts,
  variants: listVariants,
})
