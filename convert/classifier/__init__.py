"""Classifiers of small pictures: trained, quantized and evaluated alike, whatever their classes."""
