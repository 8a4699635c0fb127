#!/bin/bash
set -e
test -d /tmp/a
