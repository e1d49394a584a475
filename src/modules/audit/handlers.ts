import { audited as catalog } from '#modules/catalog'
import { audited as checkout } from '#modules/checkout'
import { audited as fulfilment } from '#modules/fulfilment'
import { audited as identity } from '#modules/identity'
import { audited as inventory } from '#modules/inventory'
import { audited as orders } from '#modules/orders'
import { audited as payments } from '#modules/payments'
import { audited as pricing } from '#modules/pricing'
import { audited as reporting } from '#modules/reporting'
import { onAll, sourceOf } from '#platform/events/event'
import { onAudited } from './on-audited.ts'

const heard = [identity, catalog, inventory, pricing, checkout, orders, payments, fulfilment, reporting]

export const listeners = heard.map((audited) => onAll(audited, onAudited(sourceOf(audited))))

/** The modules whose commands are recorded. */
export const sources = heard.map(sourceOf)
