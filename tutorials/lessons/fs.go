package lessons

import "io/fs"

// FS is every lesson's directory as it is embedded.
func FS() fs.FS { return files }
