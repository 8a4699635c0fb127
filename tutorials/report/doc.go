// Package report writes what happened in a lesson as one page: prose, objects,
// requests drawn by lane, limiters over time, checks with their reasons,
// predictions and hints, for a teacher or a README.
//
// The page is one file. It has no script, loads nothing, follows the reader's
// light or dark colours, prints, and fits a telephone. Its policy
// (Content-Security-Policy) allows its own style and nothing else.
//
// # Keys
//
// No key stands in a page. What requests send as credentials and what Secrets
// hold is written as "[key 1]", "[key 2]", wherever it would stand.
package report
