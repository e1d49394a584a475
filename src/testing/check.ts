/**
 * What must hold of stock, money and orders, each as a query that answers what breaks it: `what` names a row.
 *
 * Sums over ledgers, not single rows, so that they fit where payments are split, given back, or wait for goods to leave. Only tests
 * may look across schemas like this.
 */

/** A query whose every row is a violation. `settled`: it holds only once nothing is under way. */
export type Check = { says: string; text: string; settled?: true }
