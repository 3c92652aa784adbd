package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// link is an interface of the machine.
type link struct{ netlink.Link }

// findLink finds the interface of that name or, without one, that of the default route.
func findLink(name string) (link, error) {
	if name != "" {
		found, err := netlink.LinkByName(name)
		return link{found}, err
	}
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	for _, route := range routes {
		if route.Dst == nil || route.Dst.IP.IsUnspecified() {
			found, err := netlink.LinkByIndex(route.LinkIndex)
			return link{found}, err
		}
	}
	return link{}, errors.Join(err, errors.New("there is no default route; name an interface in vip_interface"))
}

func alone(address string) (*netlink.Addr, error) {
	ip := net.ParseIP(address).To4()
	if ip == nil {
		return nil, fmt.Errorf("%q is no address of IPv4", address)
	}
	return &netlink.Addr{IPNet: &net.IPNet{IP: ip, Mask: net.CIDRMask(32, 32)}}, nil
}

// announceInterval is how often neighbours are told anew (kube-vip's vip_arpRate).
const announceInterval = 3 * time.Second

// hold keeps an address on the interface until the context ends.
func (l link) hold(ctx context.Context, address string) (err error) {
	a, err := alone(address)
	if err != nil {
		return err
	}
	if err := netlink.AddrReplace(l, a); err != nil {
		return fmt.Errorf("add %s to %s: %w", address, l.Attrs().Name, err)
	}
	defer func() { err = errors.Join(err, l.remove(address)) }()
	for {
		if err := l.announce(a.IP); err != nil {
			return fmt.Errorf("announce %s: %w", address, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(announceInterval):
		}
	}
}

// remove takes an address off the interface, if it is there.
func (l link) remove(address string) error {
	a, err := alone(address)
	if err != nil {
		return err
	}
	if err := netlink.AddrDel(l, a); err != nil && !errors.Is(err, syscall.EADDRNOTAVAIL) {
		return fmt.Errorf("remove %s from %s: %w", address, l.Attrs().Name, err)
	}
	return nil
}

// announce tells all neighbours where the address is, by gratuitous ARP (RFC 5227, section 3).
func (l link) announce(ip net.IP) error {
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	mac := l.Attrs().HardwareAddr
	packet := []byte{0, 1, 8, 0, 6, 4, 0, 1} // Ethernet, IPv4, the lengths of their addresses, a request
	packet = append(append(packet, mac...), ip...)
	packet = append(append(packet, make([]byte, len(mac))...), ip...)
	const arp = unix.ETH_P_ARP
	to := unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, arp)), Ifindex: l.Attrs().Index, Halen: 6}
	copy(to.Addr[:], []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	return unix.Sendto(socket, packet, 0, &to)
}
