// The opponent: DuckDB, as its documents advise for NDJSON. Filters a log by status and sums by path;
// prints count and bytes of all groups.
//
//   node duckdb.mjs FOLDER FILE THREADS      FOLDER is where node_modules with @duckdb/node-api is
import { createRequire } from "node:module";

const [folder, file, threads] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(`${folder}/`)("@duckdb/node-api");
const connection = await (await DuckDBInstance.create(":memory:", { threads })).connect();
const reader = await connection.runAndReadAll(`
  SELECT count(*), sum(n), sum(bytes) FROM (
    SELECT path, count(*) AS n, sum(bytes) AS bytes
    FROM read_json('${file.replaceAll("'", "''")}', format = 'newline_delimited',
                   columns = {path: 'VARCHAR', status: 'INTEGER', bytes: 'BIGINT'})
    WHERE status >= 500 GROUP BY path)`);
console.log(reader.getRows()[0].join(" "));
