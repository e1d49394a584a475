import { audited as auditedOf } from '#platform/events/event'

/** A command that staff may do was done. */
export const audited = auditedOf('inventory')
