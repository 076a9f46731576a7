// Package proxy tests dpsdiag against proxies of other projects. They must be installed,
// with the Debian packages tinyproxy-bin, squid, microsocks and dante-server, so the tests
// run only with
//
//	go test -tags peers ./test/peers/proxy
package proxy
