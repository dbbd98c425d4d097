# Makes the image of examples/hello.yaml from the machine's static busybox: no registry is needed.
# Sourced, after engine.sh.
# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with who sources it

hello_image=caravanserai/hello:1

# hello_rootfs DIRECTORY: the image's files
hello_rootfs() {
  local root=$1 applet
  mkdir -p "$root"/{bin,etc,proc,sys,dev,tmp,www}
  cp "$(command -v busybox)" "$root/bin/busybox"
  while read -r applet; do
    if [[ $applet != busybox ]]; then ln -s busybox "$root/bin/$applet"; fi
  done < <("$root/bin/busybox" --list)
  printf 'root:x:0:0:root:/:/bin/sh\n' >"$root/etc/passwd"
  install -m 755 "$compose_dir/examples/hello.sh" "$root/hello"
}

# ensure_hello_image: sets `image_is`; made again when its parts change
ensure_hello_image() {
  local sum have root
  sum=$(cat "$compose_dir/examples/hello.sh" "$(command -v busybox)" | cksum | tr ' ' -)
  have=$(on_engine image inspect --format '{{index .Config.Labels "caravanserai.io/parts"}}' \
    "$hello_image" 2>/dev/null || true)
  if [[ $have == "$sum" ]]; then
    image_is="$hello_image is there"
    return 0
  fi
  root=$(mktemp -d)
  hello_rootfs "$root"
  if ! tar -C "$root" --owner 0 --group 0 -c . | on_engine import \
    --change 'CMD ["/hello"]' --change 'EXPOSE 80' \
    --change "LABEL caravanserai.io/parts=$sum" - "$hello_image" >>"$step_log" 2>&1; then
    rm -rf "$root"
    die "docker import failed"
  fi
  rm -rf "$root"
  image_is="$hello_image made from busybox-static"
}
