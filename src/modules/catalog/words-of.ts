const wordsMax = 10

/**
 * The words of what somebody typed: letters and digits only, in small letters, without accents, so that nothing of a
 * query language is left. The same is done to what is searched (`schema.ts`). Words after the tenth are not asked for.
 */
export const wordsOf = (typed: string): string[] =>
  (
    typed
      .normalize('NFKD')
      .replace(/[\u0300-\u036f]/g, '')
      .toLowerCase()
      .match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  ).slice(0, wordsMax)
