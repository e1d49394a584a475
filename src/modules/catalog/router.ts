import { implement } from '#platform/calls/implement'
import { contract } from './contract.ts'
import { getProduct } from './get-product.ts'
import { importProducts } from './import-products.ts'
import { listAllProducts } from './list-all-products.ts'
import { listCategories } from './list-categories.ts'
import { listProducts } from './list-products.ts'
import { listVariants } from './list-variants.ts'
import { saveCategory } from './save-category.ts'
import { searchProducts } from './search-products.ts'
import { setPrice } from './set-price.ts'
import { updateProduct } from './update-product.ts'

export const router = implement(contract, {
  importProducts,
  updateProduct,
  setStatus: updateProduct,
  setPrice,
  saveCategory,
  listCategories,
  get: getProduct,
  list: listProducts,
  search: searchProducts,
  listAll: listAllProducts,
  variants: listVariants,
})
