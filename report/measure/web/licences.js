// Prints the licences of the packages that are bundled: all that are installed but
// the bundler.

import { readdirSync, readFileSync } from "node:fs";

const texts = readdirSync("node_modules")
  .filter((name) => !/^[.@]|^esbuild$/.test(name))
  .sort()
  .map((name) => {
    const dir = `node_modules/${name}`;
    const { version, license } = JSON.parse(readFileSync(`${dir}/package.json`));
    const file = readdirSync(dir).find((f) => /^licen[cs]e/i.test(f));
    return `${name} ${version} (${license})\n\n${readFileSync(`${dir}/${file}`, "utf8").trim()}\n`;
  });
process.stdout.write(texts.join("\n\n"));
