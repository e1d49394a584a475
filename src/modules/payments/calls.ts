/** Payments calls no other module: its outside party is the provider. */
export type Payments = { calls: Record<never, never> }
