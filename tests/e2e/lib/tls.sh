# Certificates for a bus with TLS. Sourced.
# shellcheck shell=bash

# bus_certificates FOLDER NAME...: a CA, ca.crt, and bus.crt and bus.key for a server of these names
bus_certificates() {
  local folder=$1 ec=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes) names
  shift
  names=$(printf 'DNS:%s,' "$@")
  openssl req -x509 "${ec[@]}" -days 2 -subj /CN=ca -keyout "$folder/ca.key" -out "$folder/ca.crt"
  openssl req "${ec[@]}" -subj /CN=bus -keyout "$folder/bus.key" -out "$folder/bus.csr"
  openssl x509 -req -in "$folder/bus.csr" -CA "$folder/ca.crt" -CAkey "$folder/ca.key" \
    -CAcreateserial -days 2 -extfile <(printf 'subjectAltName=%s' "${names%,}") \
    -out "$folder/bus.crt"
} 2>/dev/null
