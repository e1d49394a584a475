/** What the hall found when it followed its record of who did what, link by link. */
export type AuditVerdict = {
  entries: number
  /** The position of the first entry that does not fit the one before it; null if all do. */
  brokenAt: number | null
}

export type AuditClient = { verify: () => Promise<AuditVerdict> }
