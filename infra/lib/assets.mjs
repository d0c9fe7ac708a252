// Style sheets and compression for infra/web, with what Node and the lightningcss package bring.
//   node assets.mjs css <minify: true|false> <out> <sheet...>     sheets in order, into one file
//   node assets.mjs brotli <quality> <file...>                    writes <file>.br beside each file
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const [task, option, ...paths] = process.argv.slice(2);

function css() {
  // The packages are installed outside the checkout, so they are looked up from the working folder.
  const { transform } = createRequire(join(process.cwd(), "package.json"))("lightningcss");
  const [out, ...sheets] = paths;
  const parts = sheets.map((sheet) => {
    try {
      const { code, warnings } = transform({ filename: basename(sheet), code: readFileSync(sheet), minify: option === "true" });
      for (const warning of warnings) console.error(`${sheet}:${warning.loc?.line}: ${warning.message}`);
      return code.toString();
    } catch (error) {
      console.error(`${sheet}:${error.loc?.line}:${error.loc?.column}: ${error.message}`);
      process.exit(1);
    }
  });
  writeFileSync(out, parts.join("\n"));
}

function brotli() {
  for (const path of paths) {
    const bytes = readFileSync(path);
    const params = { [constants.BROTLI_PARAM_QUALITY]: Number(option), [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length, [constants.BROTLI_PARAM_LGWIN]: 24 };
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
  }
}

({ css, brotli })[task]();
