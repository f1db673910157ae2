# Runs once as root in the new Debian, without a network; what it needs lies beside it.
set -eu
here=/opt/stage

# As the start script would install them, which finds nothing missing later
mkdir -p /opt/greenroom
cp "$here/greenroom" "$here/requirements.txt" /opt/greenroom/
: >/opt/greenroom/manage.py
env -i PATH="$PATH" HOME=/root PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_FIND_LINKS="$here/wheels" \
    UV_OFFLINE=1 UV_FIND_LINKS="$here/wheels" /opt/greenroom/greenroom doctor
/opt/greenroom/.venv/bin/python -m compileall -q /opt/greenroom/.venv
systemctl disable redis-server lighttpd

echo greenroom >/etc/hostname
printf '127.0.0.1 localhost\n::1 localhost\n127.0.1.1 greenroom\n' >/etc/hosts
echo '/dev/vda / ext4 defaults 0 1' >/etc/fstab
systemd-machine-id-setup # without one the first boot would enable every unit
printf '[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n' >/etc/systemd/network/dhcp.network
echo 'nameserver 10.0.2.3' >/etc/resolv.conf # of QEMU's user network
systemctl enable systemd-networkd
systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_reap.service getty@tty1.service
useradd --create-home --shell /bin/bash --uid 1000 person

rm -rf "$here" /root/.cache
