# Ends what k3s has started and takes away what it has made, as k3s' own k3s-killall.sh does; or, asked to look, only says what there is.
# What is said is one line for each thing. Asked to yield, it ends nothing but what keeps addresses, for k3s to be restarted.
# It is run by any sh: sh -s -- look|sweep|yield DATA_DIR
act=$1 data=$2

children() { # all processes below one
	for stat in /proc/[0-9]*/stat; do
		read -r line 2>/dev/null <"$stat" || continue
		rest=${line##*) }
		set -- "$1" $rest
		[ "$3" = "$1" ] || continue
		pid=${stat#/proc/}
		pid=${pid%/stat}
		children "$pid"
		echo "$pid"
	done
}

# What keeps addresses of the cluster on this machine takes them off when it is asked to end, and lets another machine have them at once; not
# so when it is killed, or when its API is gone.
keepers=$(grep -lxs kube-vip /proc/[0-9]*/comm | sed 's,/proc/\(.*\)/comm,\1,')
if [ "$act" != look ] && [ -n "$keepers" ]; then
	kill -TERM $keepers 2>/dev/null
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kill -0 $keepers 2>/dev/null || break
		sleep 1
	done
fi
[ "$act" != yield ] || exit 0

for cmdline in /proc/[0-9]*/cmdline; do
	case $(tr '\0' ' ' <"$cmdline" 2>/dev/null) in
	"$data"/data/*/bin/containerd-shim*)
		pid=${cmdline#/proc/}
		pid=${pid%/cmdline}
		echo "pod of process $pid"
		[ "$act" = look ] || kill -KILL $(children "$pid") "$pid" 2>/dev/null
		;;
	esac
done

# The last mounted goes first: one may lie in another.
mounted=$(while read -r _ _ _ _ point _; do
	case $point in
	/run/k3s/* | /var/lib/kubelet/pods/* | /var/lib/kubelet/plugins/* | /run/netns/cni-* | "$data"/agent/containerd/*) echo "$point" ;;
	esac
done </proc/self/mountinfo | sort -r)
for point in $mounted; do
	echo "mount $point"
	[ "$act" = look ] || umount "$point" 2>/dev/null || umount -l "$point" || exit 1
done
for netns in /run/netns/cni-*; do
	[ -e "$netns" ] || continue
	echo "network namespace ${netns##*/}"
	[ "$act" = look ] || ip netns delete "${netns##*/}" || exit 1
done

for link in $(ip -o link show | while read -r _ name rest; do
	name=${name%:}
	name=${name%@*}
	case $name in
	cni0 | flannel.1 | flannel-v6.1 | flannel-wg | flannel-wg-v6 | kube-ipvs0 | vxlan.calico) echo "$name" ;;
	*) case " $rest " in *" master cni0 "*) echo "$name" ;; esac ;;
	esac
done); do
	echo "network interface $link"
	[ "$act" = look ] || ip link delete "$link" 2>/dev/null
done
if [ -e /var/lib/cni ]; then
	echo "addresses of pods in /var/lib/cni"
	[ "$act" = look ] || rm -rf /var/lib/cni
fi

for tables in iptables ip6tables; do
	command -v $tables-save >/dev/null 2>&1 || continue
	rules=$($tables-save 2>/dev/null)
	kept=$(echo "$rules" | grep -v -e KUBE- -e CNI- | grep -iv flannel)
	[ "$rules" != "$kept" ] || continue
	echo "rules of $tables"
	[ "$act" = look ] || echo "$kept" | $tables-restore || exit 1
done
exit 0
