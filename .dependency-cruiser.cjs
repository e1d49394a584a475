/**
 * The two doors, as a gate. `scripts/check-boundaries.ts` runs it and refuses a run that saw no module:
 * without a parser that it knows, dependency-cruiser reports "0 modules" and success.
 * @type {import('dependency-cruiser').IConfiguration}
 */
const modulePath = '^src/modules/([^/]+)/'

module.exports = {
  forbidden: [
    {
      name: 'two-doors',
      comment: 'From one module only the index.ts of another can be reached.',
      severity: 'error',
      from: { path: modulePath, pathNot: '[.]test[.]ts$' },
      to: { path: modulePath, pathNot: ['^src/modules/$1/', '^src/modules/[^/]+/index[.]ts$'] },
    },
    {
      name: 'two-doors-for-tests',
      comment: 'A test of one module may assemble another one, but sees nothing else of it.',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/.*[.]test[.]ts$' },
      to: { path: modulePath, pathNot: ['^src/modules/$1/', '^src/modules/[^/]+/(index|module)[.]ts$'] },
    },
    {
      name: 'two-doors-from-outside',
      comment: 'Programs and commands reach a module through its index.ts.',
      severity: 'error',
      from: {
        path: '^(src|workers|bench|scripts)/',
        pathNot: ['^src/modules/', '^src/modules[.]ts$', '^src/testing/'],
      },
      to: { path: modulePath, pathNot: '^src/modules/[^/]+/index[.]ts$' },
    },
    {
      name: 'loader-reaches-doors-only',
      comment: 'The loader reaches the assembly (module.ts) and the door (index.ts), nothing else.',
      severity: 'error',
      from: { path: '^src/modules[.]ts$' },
      to: { path: modulePath, pathNot: '^src/modules/[^/]+/(index|module)[.]ts$' },
    },
    {
      name: 'tests-reach-doors-only',
      comment:
        'Tests that span modules use the two doors; a sandbox stands for an outside party, so it is open to them.',
      severity: 'error',
      from: { path: '^(tests|src/testing)/' },
      to: { path: modulePath, pathNot: ['^src/modules/[^/]+/(index|module)[.]ts$', '^src/modules/[^/]+/sandbox/'] },
    },
    {
      name: 'platform-knows-no-module',
      comment: 'The platform imports no module (law 8).',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: ['^src/modules/', '^src/modules[.]ts$'] },
    },
    {
      name: 'light-contract',
      comment: 'A contract imports zod and the platform: never a table, an operation or another contract.',
      severity: 'error',
      from: { path: '^src/modules/[^/]+/contract[.]ts$' },
      to: { pathNot: ['^src/platform/', '(^|/)node_modules/zod/'] },
    },
    {
      name: 'no-cycle',
      comment:
        'Two files that need each other are one file, or hide a third. Types may: they are gone when the program runs.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'could-not-resolve',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // A rival's own files run with the packages that are installed beside them, where they are.
    exclude: { path: ['(^|/)tests/fixtures/', '^bench/rivals/[^/]+/'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.ts', '.js', '.json', '.d.ts'],
    },
  },
}
