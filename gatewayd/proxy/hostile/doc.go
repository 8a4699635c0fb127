// Package hostile holds what a gateway meets on a hostile wire, as data: the
// requests of testdata/requests.txt, malformed, ambiguous or odd but valid, and
// the faulty answers of testdata/answers.txt; and a reader of HTTP/1.1 that
// knows no mercy, to judge what comes out at either end.
//
// Its tests run both tables against our gateway, where every line must come out
// as it says, and against nginx and HAProxy for the comparison in README.md.
// The fuzz targets of package h1 start from the same tables. It imports nothing
// of the gateway, so that no fault can be on both sides of the judgement.
package hostile
