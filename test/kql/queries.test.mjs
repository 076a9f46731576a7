// Microsoft's KQL language service parses and checks every query of `dpsdiag kql` against the tables
// of a Log Analytics workspace.
//
//   DPSDIAG=../../bin/dpsdiag npm test

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';

const require = createRequire(import.meta.url);
require('@kusto/language-service-next/bridge.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.js');

/* global Kusto */
const { Symbols, GlobalState, KustoCode } = Kusto.Language;

/**
 * The columns that the queries may use, by table: those that Azure Monitor documents. properties_s is
 * made when the first record with it arrives, so that queries must not rely on it.
 */
const tables = {
  AzureDiagnostics:
    '(TenantId: string, TimeGenerated: datetime, ResourceId: string, Category: string, ResourceGroup: string, SubscriptionId: string, ResourceProvider: string, Resource: string, ResourceType: string, OperationName: string, OperationVersion: string, ResultType: string, ResultSignature: string, ResultDescription: string, DurationMs: long, CallerIPAddress: string, CorrelationId: string, Level: string, SourceSystem: string, Type: string, _ResourceId: string)',
  AzureMetrics:
    '(TenantId: string, TimeGenerated: datetime, ResourceId: string, ResourceGroup: string, SubscriptionId: string, ResourceProvider: string, Resource: string, MetricName: string, Total: real, Count: real, Maximum: real, Minimum: real, Average: real, TimeGrain: string, UnitName: string, Type: string, _ResourceId: string)',
  AzureActivity:
    '(TenantId: string, TimeGenerated: datetime, OperationNameValue: string, ActivityStatusValue: string, ActivitySubstatusValue: string, Caller: string, CallerIpAddress: string, CategoryValue: string, CorrelationId: string, Level: string, Properties: string, ResourceGroup: string, ResourceProviderValue: string, SubscriptionId: string, Type: string, _ResourceId: string)',
};

const symbols = Object.entries(tables).map(([name, columns]) => Symbols.TableSymbol.From(columns).WithName(name));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('workspace', symbols));

/** What the language service says of a query, in words. */
function problems(text) {
  const code = KustoCode.ParseAndAnalyze(text, globals);
  const found = code.GetDiagnostics();
  const list = [];
  for (let i = 0; i < found.Count; i++) {
    const d = found.getItem(i);
    list.push(`${d.Code} ${d.Message} at ${JSON.stringify(text.slice(d.Start, d.Start + d.Length))}`);
  }
  return list;
}

/** The strings that the language service finds in a query. */
function strings(text) {
  const code = KustoCode.ParseAndAnalyze(text, globals);
  const values = [];
  Kusto.Language.Syntax.SyntaxElement.WalkNodes(code.Syntax, (node) => {
    if (node.Kind === Kusto.Language.Syntax.SyntaxKind.StringLiteralExpression) values.push(node.LiteralValue);
  });
  return values;
}

function dpsdiag(...args) {
  return execFileSync(process.env.DPSDIAG ?? 'dpsdiag', args, { encoding: 'utf8' });
}

function query(...args) {
  const [found] = JSON.parse(dpsdiag('kql', ...args, '-o', 'json')).queries;
  return found.lines.join('\n');
}

const topics = JSON.parse(dpsdiag('kql', '--list', '-o', 'json')).queries.map((q) => q.topic);
const words = dpsdiag('__complete', 'kql', '')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith(':'))
  .map((line) => line.split('\t')[0]);

describe('the language service', () => {
  it('finds what is wrong', () => {
    assert.match(problems('AzureDiagnostics | where Colour == "red"').join(), /KS142/);
    assert.match(problems('AzureDiagnostics | where (Category == "x"').join(), /KS/);
    assert.match(problems('AzureDiagnostics | where TimeGenerated > ago("x")').join(), /KS/);
  });
});

describe('every topic, code and cause', () => {
  assert.ok(topics.length > 15 && words.length > topics.length + 20, `${topics.length} topics, ${words.length} words`);
  for (const word of new Set([...topics, ...words, '401999', '503'])) {
    it(word, () => {
      assert.deepEqual(problems(query(word)), []);
      assert.deepEqual(problems(query(word, '--since', '36h', '--instance', 'mydps')), []);
    });
  }
});

describe('a value stays a value', () => {
  const hostile = [
    'sensor-17',
    'a"b',
    'a\\',
    '\\" | project Secret = 1 //',
    '"; AzureDiagnostics | take 1; let x = "',
    "'; drop",
    '{since}',
    '// comment',
    'line\nbreak | take 1',
    '漢字\u202e',
  ];
  for (const value of hostile) {
    it(JSON.stringify(value), () => {
      for (const text of [query('devices', '--device', value, '--instance', value), query('management', '--instance', value)]) {
        assert.deepEqual(problems(text), []);
        const shown = value.replace(/[\n\u202e]/g, ' ');
        assert.ok(strings(text).includes(shown), `${JSON.stringify(shown)} is not a string of\n${text}`);
      }
    });
  }
});
