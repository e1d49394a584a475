/** Every checkout that was begun: the saga under whose id neighbours keep its reservation, payment and order. */
export const completing = `SELECT id, state, pivoted, input->>'cartId' AS cart, answer, failure FROM checkout.sagas WHERE operation = 'checkout.complete'`
