/** Bundles the file `entry` and what it imports into `folder`, and answers the file to run. @throws esbuild's errors. */
export function bundle(entry: string, folder: string): Promise<string>
