#!/bin/sh
# The program of the image caravanserai/hello:1. Two things, each if its variable is set:
#   SERVE  a sentence: served over HTTP on port 80, below the path SERVE_AT if that is set
#   VISIT  a service's name: visited once a second; the answers go to the log
# Being told to stop is not being done: 128 + the signal, as a shell reports it.
trap 'exit 143' TERM
trap 'exit 130' INT

if [ -n "$SERVE" ]; then
  mkdir -p "/www$SERVE_AT"
  printf '%s\n' "$SERVE" >"/www$SERVE_AT/index.html"
  httpd -f -p 80 -h /www &
fi

# The last line of an HTTP answer is the sentence. (This busybox's wget cannot resolve names.)
visit() {
  printf 'GET / HTTP/1.0\r\n\r\n' | timeout 2 nc "$1" 80 | tail -n 1
}

while true; do
  if [ -n "$VISIT" ]; then
    printf '%s says: %s\n' "$VISIT" "$(visit "$VISIT")"
  fi
  sleep 1 &
  wait $!
done
