// Package proxy tests dpsdiag against proxies that others wrote. It needs them installed,
// from Debian: tinyproxy-bin, squid, microsocks and dante-server; so it runs only with
//
//	go test -tags peers ./test/peers/proxy
package proxy
