#!/bin/sh
echo background
