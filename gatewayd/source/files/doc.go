// Package files reads a gateway's configuration from directories and files of
// YAML, and watches them.
//
// # What is read
//
// Directories are read with all below them. Names that begin with "." or end in
// "~" and names that do not end in .yaml, .yml or .json are left out; symbolic
// links to files are followed, those to directories are not, except for the path
// that was given. A path that was given as a file is read whatever its name.
//
// # What is watched
//
// Directories are watched, not files: editors replace a file instead of writing
// to it, and a mounted ConfigMap changes by one symbolic link (..data). Any
// event means "read it all again", once it has settled. Behind that, the tree's
// names, sizes and times are looked at every two seconds, for file systems that
// send no events.
//
// Reading it all again is cheap, as a document whose text is known is not
// decoded again: documents are kept by the SHA-256 of their text. Only what is
// still there is kept.
//
// # What cannot be read
//
// A file with a fault keeps the objects of its last good version, all of them,
// and says so. One that had no good version gives the objects that it has, the
// faulty ones marked broken, so that what they guard answers 500 rather than
// going unguarded. A file that was deleted is gone; a directory that vanished or
// cannot be listed keeps what it had.
package files
