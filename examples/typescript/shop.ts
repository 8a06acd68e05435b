// Searches the shop with urql and shows what the first hit costs:
//
//   npm install && npm run build && npm start -- http://127.0.0.1:8080 "sluchatka bez dratu"
//
// Queries go by GET with their hash, so that caches can answer them; urql sends a document along when the server does
// not know it yet.
import { readFileSync } from 'node:fs';
import { Client, fetchExchange, type OperationContext, type TypedDocumentNode } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { parse } from 'graphql';

interface Found {
  searchProducts: { totalCount: number; nodes: { slug: string; title: string | null }[] };
}

interface Shown {
  product: {
    title: string | null;
    variants: { sku: string; price: { gross: { formatted: string } } | null }[];
  } | null;
}

const documents = process.env['DOCUMENTS'] ?? '../documents';

function open<Data, Variables>(name: string): TypedDocumentNode<Data, Variables> {
  return parse(readFileSync(`${documents}/${name}.graphql`, 'utf8'));
}

const search = open<Found, { text: string; language: string }>('search');
const product = open<Shown, { slug: string; language: string }>('product');

/** Tells what goes over the line, so that a test can see that hashes do. */
const watchedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const url = new URL(input instanceof Request ? input.url : input);
  console.log(init?.method ?? 'GET', url.searchParams.has('query') ? 'document' : 'hash', response.status, response.headers.get('cache-control'));
  return response;
};

async function run<Data, Variables extends Record<string, unknown>>(
  client: Client,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const context: Partial<OperationContext> = { requestPolicy: 'network-only' };
  const result = await client.query(document, variables, context).toPromise();
  if (result.error !== undefined) throw result.error;
  if (result.data === undefined) throw new Error('no data');
  return result.data;
}

async function main(server: string, text: string): Promise<void> {
  const client = new Client({
    url: `${server}/graphql`,
    preferGetMethod: 'force',
    fetch: watchedFetch,
    exchanges: [persistedExchange({ preferGetForPersistedQueries: true }), fetchExchange],
  });
  const { searchProducts } = await run(client, search, { text, language: 'cs' });
  console.log(searchProducts.totalCount, 'products');
  for (const { title } of searchProducts.nodes) console.log(title);
  const [first] = searchProducts.nodes;
  if (first === undefined) return;
  const shown = await run(client, product, { slug: first.slug, language: 'cs' });
  for (const { sku, price } of shown.product?.variants ?? []) console.log(sku, price?.gross.formatted);
}

const [server, text] = process.argv.slice(2);
if (server === undefined || text === undefined) throw new Error('usage: npm start -- SERVER TEXT');
await main(server, text);
