package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Clients tells from what address a request comes.
type Clients struct {
	// TrustedProxies are believed what they say about it in X-Forwarded-For.
	TrustedProxies []netip.Prefix
}

// Address is what clients are told apart by. Of IPv6 it is the network of 64 bits, since that is what one client has.
func (c Clients) Address(r *http.Request) string {
	address, ok := addressOf(r.RemoteAddr)
	if !ok {
		return r.RemoteAddr
	}
	// Each proxy writes behind what it was given, so what can be believed ends before the first that is not ours.
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for len(hops) > 0 && c.trusts(address) {
		last, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1]))
		if err != nil {
			break
		}
		address, hops = last.Unmap(), hops[:len(hops)-1]
	}
	return nameOf(address)
}

func nameOf(address netip.Addr) string {
	if address.Is4() {
		return address.String()
	}
	network, err := address.WithZone("").Prefix(64)
	if err != nil {
		return address.String()
	}
	return network.String()
}

func (c Clients) trusts(address netip.Addr) bool {
	for _, network := range c.TrustedProxies {
		if network.Contains(address) {
			return true
		}
	}
	return false
}

func addressOf(hostAndPort string) (netip.Addr, bool) {
	host, _, err := net.SplitHostPort(hostAndPort)
	if err != nil {
		return netip.Addr{}, false
	}
	address, err := netip.ParseAddr(host)
	return address.Unmap(), err == nil
}
