// Holds SARIF files against the schema of version 2.1.0: node validate_sarif.js FILE...
// Says what is wrong and ends with status 1; 2 where the schema is not installed (scripts/packages.txt).
'use strict';
const fs = require('fs');

function load(name) {
  try {
    return require(name);
  } catch (error) {
    console.error(`${name} is not installed`);
    process.exit(2);
  }
}

const Ajv = load('ajv');
const schema = load('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
const ajv = new Ajv({schemaId: 'auto', allErrors: true, format: 'full'});
ajv.addMetaSchema(load('ajv/lib/refs/json-schema-draft-04.json'));
const is_valid = ajv.compile(schema);

for (const file of process.argv.slice(2)) {
  if (is_valid(JSON.parse(fs.readFileSync(file)))) continue;
  for (const error of is_valid.errors) console.error(`${file}: ${error.dataPath} ${error.message}`);
  process.exitCode = 1;
}
