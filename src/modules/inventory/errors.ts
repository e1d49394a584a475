import { DomainError } from '#platform/errors'

const skusNamed = 5

/** `skus` are those of which too little is free; the sentence names at most five. */
export const outOfStock = (skus: readonly string[]) =>
  new DomainError(
    'inventory.out_of_stock',
    'CONFLICT',
    `Not enough in stock of ${skus.slice(0, skusNamed).join(', ')}${skus.length > skusNamed ? ' and others' : ''}.`,
    { details: { skus } },
  )

export const referenceUsed = (reference: string) =>
  new DomainError(
    'inventory.reference_used',
    'CONFLICT',
    `The reference ${reference} has had its reservation. Use a new reference for a new one.`,
  )

export const alreadyCommitted = (reference: string) =>
  new DomainError(
    'inventory.already_committed',
    'CONFLICT',
    `The stock reserved for ${reference} has left the house and can no longer be released.`,
  )

export const unknownLocation = (location: string) =>
  new DomainError('inventory.unknown_location', 'NOT_FOUND', `There is no location ${location}.`)
