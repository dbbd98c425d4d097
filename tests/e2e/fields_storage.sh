#!/usr/bin/env bash
# Each field of volumes and their mounts, and what of them outlives what, seen in real containers.
# shellcheck disable=SC2016
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"
source "$here/lib/fields.sh"

start_cluster
make_image e2e/idle:1 "$wait_for_term"

# store CONTENT PAUSED [MORE-SERVICES]
store() {
  apply_spec store <<SPEC
  paused: $2
  services:
    - name: app
      image: e2e/idle:1
      readOnlyRootFilesystem: true
      shmSize: 32Mi
      tmpfs:
        - {mountPath: /scratch, size: 4Mi}
        - {mountPath: /any}
      devices: ["/dev/null:/dev/cara:rw"]
      volumeMounts:
        - {name: gone, mountPath: /gone}
        - {name: kept, mountPath: /kept}
        - {name: host, mountPath: /host}
        - {name: conf, mountPath: /etc/app}
        - {name: conf, mountPath: /etc/one.conf, subPath: one.conf}
    - name: reader
      image: e2e/idle:1
      volumeMounts:
        - {name: kept, mountPath: /kept, readOnly: true}
        - {name: kept, mountPath: /part, subPath: deep/part}
        - {name: host, mountPath: /host, readOnly: true, subPath: below}
  volumes:
    - {name: gone, type: Ephemeral}
    - {name: kept, type: Persistent}
    - {name: host, type: HostPath, path: $work/host/made}
    - name: conf
      type: Config
      files:
        one.conf: {content: "$1"}
        run.sh: {content: "echo ran", mode: "0755"}
SPEC
}
# marks: what is in the volumes, by their containers
marks() {
  inside store-app 'cat /gone/mark /kept/mark /host/mark 2>/dev/null | tr "\n" " "'
}
# mount_of CONTAINER DESTINATION JQ
mount_of() {
  inspected "$1" ".Mounts[] | select(.Destination == \"$2\") | $3"
}

# --- mounts ---------------------------------------------------------------------------------------
store one false
runs store
shows volumes[].name "cara-store-gone cara-store-kept cara-store-conf" \
  "$(for path in /gone /kept /etc/app; do mount_of store-app "$path" .Name; done | paste -sd ' ')"
shows services[].volumeMounts[].name cara-store-kept "$(mount_of store-reader /kept .Name)"
shows services[].volumeMounts[].mountPath "/etc/app /etc/one.conf /gone /host /kept" \
  "$(inspected store-app '[.Mounts[].Destination] | sort | join(" ")')"
inside store-app 'for v in gone kept host; do echo $v >/$v/mark; done'
equals "all that is to be written is" "gone kept host " "$(marks)"
equals "two services, one volume" kept "$(inside store-reader 'cat /kept/mark')"
shows services[].volumeMounts[].readOnly false "$(mount_of store-reader /kept .RW)"
contains "the other cannot write there" "Read-only file system" \
  "$(inside store-reader 'echo x >/kept/mark' || true)"
inside store-reader 'echo part >/part/mark'
shows services[].volumeMounts[].subPath part "$(inside store-app 'cat /kept/deep/part/mark')"
inside store-app 'echo below >/host/below/mark'
equals "and below a path of the node" below "$(inside store-reader 'cat /host/mark')"
contains "which that one only reads" "Read-only file system" \
  "$(inside store-reader 'echo x >/host/mark' || true)"

# --- kinds ----------------------------------------------------------------------------------------
shows volumes[].type "HostPath bind" "HostPath $(mount_of store-app /host .Type)"
shows volumes[].path "$work/host/made" "$(mount_of store-app /host .Source)"
equals "the folder was made" host "$(cat "$work/host/made/mark")"
shows volumes[].files.NAME.content one "$(inside store-app 'cat /etc/app/one.conf')"
shows volumes[].files.NAME.mode "444 755 ran" \
  "$(inside store-app 'echo $(stat -c %a /etc/app/one.conf /etc/app/run.sh) $(/etc/app/run.sh)')"
equals "one file, by subPath" one "$(inside store-app 'cat /etc/one.conf')"
contains "files cannot be written, not by root either" "Read-only file system" \
  "$(inside store-app 'echo x >/etc/app/one.conf' || true)"

# --- what is no volume ----------------------------------------------------------------------------
sees services[].readOnlyRootFilesystem true store-app .HostConfig.ReadonlyRootfs
contains "indeed" "Read-only file system" "$(inside store-app 'echo x >/www/x' || true)"
sees services[].shmSize 33554432 store-app .HostConfig.ShmSize
shows services[].shmSize 32768 "$(inside store-app "df -k /dev/shm | awk 'END {print \$2}'")"
sees services[].tmpfs[].mountPath '["/any","/scratch"]' store-app \
  '.HostConfig.Tmpfs | keys'
shows services[].tmpfs[].mountPath ok "$(inside store-app 'echo ok >/any/x && cat /any/x')"
shows services[].tmpfs[].size 4096 "$(inside store-app "df -k /scratch | awk 'END {print \$2}'")"
sees services[].devices '["/dev/null","/dev/cara","rw"]' store-app \
  '.HostConfig.Devices[0] | [.PathOnHost, .PathInContainer, .CgroupPermissions]'
shows services[].devices ok "$(inside store-app 'echo x >/dev/cara && echo ok')"

# --- a change of files ----------------------------------------------------------------------------
app=$(inspected store-app .Id)
reader=$(inspected store-reader .Id)
store two false
changed() {
  [[ $(inside store-app 'cat /etc/app/one.conf /etc/one.conf') == "twotwo" ]] &&
    is_in store Running
}
eventually "spec.volumes[].files: a change arrives" 30 changed
check "in a new container" test "$app" != "$(inspected store-app .Id)"
equals "and nobody else is touched" "$reader" "$(inspected store-reader .Id)"
equals "the data stays" "gone kept host " "$(marks)"

# --- paused ---------------------------------------------------------------------------------------
app=$(inspected store-app .Id)
store two true
stopped() {
  [[ -z $(container_ids store) ]]
}
eventually "spec.paused: all are stopped" 20 stopped
says_paused() {
  [[ $(condition store Phase) == *paused* ]]
}
eventually "the condition says so" 10 says_paused
sees paused exited store-app .State.Status
equals "volumes and networks are kept" $'network cara-store\nvolume cara-store-conf
volume cara-store-gone\nvolume cara-store-kept' "$(objects store | grep -v '^container')"
store two false
runs store
shows paused "$app" "$(inspected store-app .Id)"
equals "the data, too" "gone kept host " "$(marks)"

# --- deleted --------------------------------------------------------------------------------------
ctl delete project store >/dev/null
equals "after a delete the Persistent volume is left, and nothing else" \
  "volume cara-store-kept" "$(objects)"
equals "and the node's own folder" host "$(cat "$work/host/made/mark")"
store three false
runs store
equals "the next of the name finds it, and an empty Ephemeral one" "kept host " "$(marks)"
ctl delete project store >/dev/null
docker_ volume rm cara-store-kept >/dev/null
equals "nothing of the files is left" "" "$(find "$work/agent" -name '*cara-store*')"
